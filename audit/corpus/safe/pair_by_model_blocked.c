// truth: safe: an action that is initialised where it is declared, and a pair that the program reads with the signal blocked
#include "corpus.h"
static struct { long sender, value; } last;
static void handler(int s, siginfo_t *info, void *context) {
    (void)s; (void)context;
    last.sender = info->si_pid;
    last.value = info->si_value.sival_int;
}
int main(void) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigset_t set;
    sigaction(SIGUSR1, &sa, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    for (;;) {
        sleep(1);
        sigprocmask(SIG_BLOCK, &set, NULL);
        long sender = last.sender, value = last.value;
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        printf("%ld: %ld\n", sender, value);
    }
}
