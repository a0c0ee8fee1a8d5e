/* Both ends of a protocol that no SPEC describes: a bit is 1 if its signal is not the one before. Without arguments the server. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_acked;

static void acked(int sig) {
    (void)sig;
    g_acked = 1;
}

static void on_signal(int sig, siginfo_t *info, void *context) {
    static int last = SIGUSR1, bits;
    static unsigned char byte;

    (void)context;
    byte = byte << 1 | (sig != last);
    last = sig;
    if (++bits == 8) {
        if (byte != '\0')
            write(1, &byte, 1);
        else
            last = SIGUSR1;
        bits = 0;
    }
    kill(info->si_pid, SIGUSR1);
}

static void serve(void) {
    struct sigaction action = {0};

    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = on_signal;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}

int main(int argc, char **argv) {
    int last = SIGUSR1;

    if (argc != 3)
        serve();
    signal(SIGUSR1, acked);
    for (char *text = argv[2];; text++) {
        for (int bit = 128; bit > 0; bit /= 2) {
            if (*text & bit)
                last = last == SIGUSR1 ? SIGUSR2 : SIGUSR1;
            g_acked = 0;
            if (kill(atoi(argv[1]), last) < 0)
                return 1;
            while (!g_acked)
                usleep(20);
        }
        if (*text == '\0')
            return 0;
    }
}
