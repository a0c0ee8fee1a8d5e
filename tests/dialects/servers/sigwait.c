/* Has no handler: both signals are blocked, and sigwaitinfo() takes them one by one. */
// dialect: classic
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    sigset_t set;
    siginfo_t info;
    unsigned char byte = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (int bits = 0;;) {
        int sig = sigwaitinfo(&set, &info);

        if (sig < 0)
            continue;
        byte = byte << 1 | (sig == SIGUSR2);
        if (++bits == 8) {
            write(1, byte ? (char *)&byte : "\n", 1);
            bits = 0;
        }
        kill(info.si_pid, SIGUSR1);
    }
}
