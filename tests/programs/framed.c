/* A client written from PROTOCOL.md alone: hello on both signals, bare bits, re-sends with their index after a timeout,
 * answers read from si_value.
 *
 *   framed PID MESSAGE    exit 0: delivered, 1: error, 6: timeout, 7: rejected
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HELLO = 0x10, RESEND = 0x11, GREETED = 0x20, OK, WAIT, DELIVERED, REJECTED, RESET };

static pid_t server;
static uint64_t tag;
static sigset_t answers;

static uint64_t word(uint64_t kind, uint64_t number) {
    return kind << 56 | tag << 40 | number;
}

static void queue(int sig, uint64_t value) {
    union sigval v = {.sival_ptr = (void *)(uintptr_t)value};
    if (sigqueue(server, sig, v) != 0)
        exit(1);
}

/* The next answer to this transfer, or 0 after 20 ms without one. */
static uint64_t answer(void) {
    struct timespec timeout = {0, 20 * 1000 * 1000};
    siginfo_t info;
    for (;;) {
        if (sigtimedwait(&answers, &info, &timeout) < 0)
            return 0;
        uint64_t value = (uint64_t)(uintptr_t)info.si_value.sival_ptr;
        if (info.si_code == SI_QUEUE && info.si_pid == server && (value >> 40 & 0xFFFF) == tag)
            return value;
    }
}

/* Sends until the answer is of this kind and number; `again` is what a repetition carries. */
static void ask(int sig, int bare, uint64_t again, uint64_t kind, uint64_t number) {
    int silent = 0;
    if (bare)
        kill(server, sig);
    else
        queue(sig, again);
    while (silent < 250) {
        uint64_t value = answer();
        if (value == 0) {
            silent++;
            queue(sig, again);
            continue;
        }
        silent = 0;
        if (value >> 56 == REJECTED || value >> 56 == RESET)
            exit(7);
        if (value >> 56 == kind && (value & 0xFFFFFFFFFF) == number)
            return;
    }
    exit(6);
}

static void abort_if_called(int sig) {
    (void)sig;
    abort();
}

static uint32_t crc32(const uint8_t *p, size_t n) {
    uint32_t crc = ~0u;
    while (n--) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    server = atoi(argv[1]);
    size_t length = strlen(argv[2]);
    size_t size = 6 + length + 4;
    uint8_t *frame = malloc(size);
    frame[0] = 0xFB;
    frame[1] = 1;
    for (int i = 0; i < 4; i++)
        frame[2 + i] = length >> (24 - 8 * i);
    memcpy(frame + 6, argv[2], length);
    uint32_t crc = crc32(frame, 6 + length);
    for (int i = 0; i < 4; i++)
        frame[6 + length + i] = crc >> (24 - 8 * i);

    tag = (getpid() ^ time(NULL)) % 0xFFFF + 1;
    /* Both signals must have a handler for the server to answer; they are then taken with sigtimedwait. */
    signal(SIGUSR1, abort_if_called);
    signal(SIGUSR2, abort_if_called);
    sigemptyset(&answers);
    sigaddset(&answers, SIGUSR1);
    sigaddset(&answers, SIGUSR2);
    sigprocmask(SIG_BLOCK, &answers, NULL);

    ask(SIGUSR1, 0, word(HELLO, 1), GREETED, 0);
    ask(SIGUSR2, 0, word(HELLO, 1), OK, 0);
    for (uint64_t i = 0; i < size * 8; i++) {
        int sig = frame[i / 8] >> (7 - i % 8) & 1 ? SIGUSR2 : SIGUSR1;
        ask(sig, 1, word(RESEND, i), i + 1 == size * 8 ? DELIVERED : OK, i + 1);
    }
    return 0;
}
