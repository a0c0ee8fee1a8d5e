/* A client of the word lane written from PROTOCOL.md alone: the hellos, the question, then one word at a time, each of
 * which asks for an answer (a window is for those in a hurry).
 *
 *   words PID MESSAGE [half|whole]    exit 0: delivered, 1: error, 5: no words are offered, 6: timeout, 7: rejected
 *
 * With half it executes sleep once its first word has been taken, with whole once it has sent the last and without waiting for
 * the answer to that.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { HELLO = 0x10, ASK_WORDS = 0x12, GREETED = 0x20, OK, WAIT, DELIVERED, REJECTED, RESET, WORDS };
enum { WORD_SIGNAL = 44, WANTS_ANSWER = 1 << 31 };

/* What the kernel keeps of a siginfo, and the rest of it. */
struct info {
    int32_t signo, error, code, pad;
    int32_t pid;
    uint32_t uid;
    uint8_t bytes[24];
    uint8_t rest[80];
};

static pid_t server;
static uint64_t tag;
static sigset_t answers;

static void queue(int sig, int32_t error, const void *bytes, size_t length) {
    struct info info = {.signo = sig, .error = error, .code = SI_QUEUE, .pid = getpid(), .uid = getuid()};
    memcpy(info.bytes, bytes, length);
    if (syscall(SYS_rt_sigqueueinfo, server, sig, &info) != 0)
        exit(1);
}

/* Sends until the answer is of this kind; returns its number. */
static uint64_t ask(int sig, int32_t error, const void *bytes, size_t length, uint64_t kind) {
    for (int silent = 0; silent < 250; silent++) {
        struct timespec timeout = {0, 20 * 1000 * 1000};
        siginfo_t info;
        queue(sig, error, bytes, length);
        while (sigtimedwait(&answers, &info, &timeout) > 0) {
            uint64_t value = (uint64_t)(uintptr_t)info.si_value.sival_ptr;
            if (info.si_code != SI_QUEUE || info.si_pid != server || (value >> 40 & 0xFFFF) != tag)
                continue;
            if (value >> 56 == REJECTED || value >> 56 == RESET)
                exit(7);
            if (value >> 56 == kind)
                return value & 0xFFFFFFFFFF;
            silent = 0;
        }
    }
    exit(6);
}

static uint64_t question(int sig, uint64_t kind, uint64_t number, uint64_t answer) {
    uint64_t value = kind << 56 | tag << 40 | number;
    return ask(sig, 0, &value, sizeof value, answer);
}

static void abort_if_called(int sig) {
    (void)sig;
    abort();
}

static void nothing(int sig) { (void)sig; }

/* Becomes a program that any of our signals kills. */
static void execute(void) {
    int signals[] = {SIGUSR1, SIGUSR2, WORD_SIGNAL};
    for (int i = 0; i < 3; i++)
        signal(signals[i], nothing);
    sigprocmask(SIG_UNBLOCK, &answers, NULL);
    execlp("sleep", "sleep", "1000", NULL);
    exit(1);
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
    if (argc != 3 && argc != 4)
        return 2;
    int half = argc == 4 && strcmp(argv[3], "half") == 0;
    int whole = argc == 4 && !half;
    server = atoi(argv[1]);
    size_t length = strlen(argv[2]);
    size_t size = 6 + length + 4;
    uint8_t *frame = calloc(size + 24, 1);
    frame[0] = 0xFB;
    frame[1] = 1;
    for (int i = 0; i < 4; i++)
        frame[2 + i] = length >> (24 - 8 * i);
    memcpy(frame + 6, argv[2], length);
    uint32_t crc = crc32(frame, 6 + length);
    for (int i = 0; i < 4; i++)
        frame[6 + length + i] = crc >> (24 - 8 * i);

    tag = (getpid() ^ time(NULL)) % 0xFFFF + 1;
    sigemptyset(&answers);
    int signals[] = {SIGUSR1, SIGUSR2, WORD_SIGNAL};
    for (int i = 0; i < 3; i++) {
        signal(signals[i], abort_if_called);
        sigaddset(&answers, signals[i]);
    }
    sigprocmask(SIG_BLOCK, &answers, NULL);

    uint64_t bytes = question(SIGUSR1, HELLO, 1, GREETED);
    question(SIGUSR2, HELLO, 1, OK);
    if (bytes != 8 && bytes != 24)
        return 5;
    kill(server, WORD_SIGNAL);
    question(WORD_SIGNAL, ASK_WORDS, bytes, WORDS);
    size_t count = (size + bytes - 1) / bytes;
    for (size_t i = 0; i < count; i++) {
        if (whole && i + 1 == count) {
            queue(WORD_SIGNAL, (int32_t)(i + 1), frame + i * bytes, bytes);
            execute();
        }
        uint64_t kind = i + 1 == count ? DELIVERED : WORDS;
        uint64_t next = 0;
        /* An older answer may still be on its way. */
        while (next != i + 1)
            next = ask(WORD_SIGNAL, (int32_t)(i + 1) | WANTS_ANSWER, frame + i * bytes, bytes, kind);
        if (half)
            execute();
    }
    return 0;
}
