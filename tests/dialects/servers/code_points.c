/* Each character comes as a code point in 32 bits, the lowest bit first. */
// dialect: order=lsb,char-bits=32,chars=unicode
// bytes: 60
// newline: yes
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static unsigned c, bits;

    (void)context;
    if (sig == SIGUSR2)
        c |= 1u << bits;
    if (++bits == 32) {
        if (c == 0)
            printf("\n");
        else
            printf("%lc", (wint_t)c);
        fflush(stdout);
        c = bits = 0;
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction sa;

    setlocale(LC_ALL, "C.UTF-8");
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = on_bit;
    sa.sa_flags = SA_SIGINFO;
    sigaddset(&sa.sa_mask, SIGUSR1);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("pid = %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
