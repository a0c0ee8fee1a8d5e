/* A size_t of 64 bits, which counts the NUL, goes ahead; the handler allocates for it. */
// dialect: head=len64,counts-end=yes
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void print(char **string, uint64_t *size) {
    if (*size > 0)
        write(1, *string, *size - 1);
    free(*string);
    *string = NULL;
    *size = 0;
}

static void handler(int sig, siginfo_t *info, void *context) {
    static uint64_t size, bits;
    static char *string;

    (void)context;
    if (string == NULL) {
        size = size << 1 | (sig == SIGUSR2);
        bits++;
        if (bits == 64) {
            string = calloc(size + 1, 1);
            bits = 0;
        }
    } else {
        string[bits / 8] |= (sig == SIGUSR2) << (7 - bits % 8);
        bits++;
        if (bits == size * 8) {
            print(&string, &size);
            bits = 0;
        }
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction action;

    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = handler;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("Welcome! My PID is %d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
