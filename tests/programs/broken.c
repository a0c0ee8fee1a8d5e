/* A server that breaks the protocol, or breaks off.
 *
 *   broken forgets    greets each hello and each open with another nonce
 *   broken stands     opens each transfer, and then says for ever that the first word is due
 *   broken leaves     takes 40 bits, answers the last of them with nothing, and executes sleep
 *
 * It prints its PID.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HELLO = 0x10, OPEN, BIT, GREETED = 0x20, OK };
enum { WORD_SIGNAL = 44 };
#define IS_WORD 0x80000000u
#define WANTS_ANSWER 0x40000000u

/* What the kernel keeps of a siginfo, and the rest of it. */
struct info {
    int32_t signo, error, code, padding;
    int32_t pid;
    uint32_t uid;
    uint64_t value, client, server;
    uint8_t rest[80];
};

static void nothing(int sig) { (void)sig; }

static void answer(const struct info *to, uint64_t kind, uint64_t number, uint64_t server) {
    uint64_t serial = kind == OK && to->value >> 56 == BIT ? to->value >> 40 & 0xFF : 0;
    struct info info = {.signo = to->signo, .code = SI_QUEUE, .pid = getpid(), .uid = getuid(),
                        .value = kind << 56 | serial << 40 | number, .client = to->client, .server = server};
    syscall(SYS_rt_sigqueueinfo, to->pid, to->signo, &info);
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    int forgets = strcmp(argv[1], "forgets") == 0;
    int leaves = strcmp(argv[1], "leaves") == 0;
    int signals[] = {SIGUSR1, SIGUSR2, WORD_SIGNAL};
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < 3; i++) {
        signal(signals[i], nothing);
        sigaddset(&set, signals[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    printf("PID %d\n", (int)getpid());
    fflush(stdout);
    uint64_t client = 0, bits = 0, next = 0, greetings = 0;
    for (;;) {
        struct info info;
        if (syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8) < 0 || info.code != SI_QUEUE)
            continue;
        uint64_t kind = info.value >> 56;
        if ((uint32_t)info.error & IS_WORD) {
            info.client = client;
            if ((uint32_t)info.error & WANTS_ANSWER)
                answer(&info, OK, 0, 77);
        } else if (kind == BIT) {
            if (++bits == 40 && leaves) {
                sigprocmask(SIG_UNBLOCK, &set, NULL);
                execlp("sleep", "sleep", "1000", NULL);
                return 1;
            }
            next += (info.value & 0xFFFFFFFFFF) == next;
            answer(&info, OK, next, 77);
        } else if (kind == HELLO || forgets) {
            answer(&info, GREETED, leaves ? 0 : 1, forgets ? ++greetings : 77);
        } else if (kind == OPEN) {
            client = info.client;
            next = 0;
            answer(&info, OK, 0, 77);
        }
    }
}
