/* A server that breaks the protocol, or breaks off.
 *
 *   broken forgets    says greeted to each first hello, and that it knows of none to each second
 *   broken stands     takes the hellos and the question for words, and then says for ever that the first word is due
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

enum { HELLO = 0x10, ASK_WORDS = 0x12, GREETED = 0x20, OK, RESET = 0x25, WORDS };
enum { WORD_SIGNAL = 44, WANTS_ANSWER = 1 << 31 };

static void nothing(int sig) { (void)sig; }

static void answer(pid_t client, int sig, uint64_t kind, uint64_t tag, uint64_t number) {
    union sigval value = {.sival_ptr = (void *)(uintptr_t)(kind << 56 | tag << 40 | number)};
    sigqueue(client, sig, value);
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
    uint64_t tag = 0, bits = 0;
    for (;;) {
        siginfo_t info;
        int sig = sigwaitinfo(&set, &info);
        if (sig < 0)
            continue;
        uint64_t value = (uint64_t)(uintptr_t)info.si_value.sival_ptr;
        if (info.si_code != SI_QUEUE) {
            if (sig == WORD_SIGNAL)
                continue;
            if (++bits == 40 && leaves) {
                sigprocmask(SIG_UNBLOCK, &set, NULL);
                execlp("sleep", "sleep", "1000", NULL);
                return 1;
            }
            answer(info.si_pid, SIGUSR1, OK, tag, bits);
        } else if (info.si_errno != 0) {
            if (info.si_errno & WANTS_ANSWER)
                answer(info.si_pid, sig, WORDS, tag, 0);
        } else if (value >> 56 == HELLO) {
            tag = value >> 40 & 0xFFFF;
            if (sig == SIGUSR1)
                answer(info.si_pid, sig, GREETED, tag, leaves ? 0 : 24);
            else
                answer(info.si_pid, sig, forgets ? RESET : OK, tag, 0);
        } else if (value >> 56 == ASK_WORDS) {
            answer(info.si_pid, sig, WORDS, tag, 0);
        }
    }
}
