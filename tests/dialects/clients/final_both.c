/* Waits for SIGUSR1 after each bit, the last one too, and then for SIGUSR2, which confirms the message. */
// dialect: final=both
// auto: yes, the text is plain, and it stays until it has SIGUSR2
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    volatile sig_atomic_t bit;
    volatile sig_atomic_t message;
} state_t;

static state_t state;

static void on_signal(int sig) {
    if (sig == SIGUSR1)
        state.bit = 1;
    else {
        printf("Server: got it!\n");
        state.message = 1;
    }
}

static void wait_for(volatile sig_atomic_t *flag) {
    while (!*flag)
        usleep(100);
    *flag = 0;
}

int main(int argc, char **argv) {
    struct sigaction action;

    if (argc != 3) {
        printf("Usage: client PID MESSAGE\n");
        return 1;
    }
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    for (size_t i = 0; i < strlen(argv[2]) + 1; i++) {
        for (int shift = 7; shift >= 0; shift--) {
            kill(atoi(argv[1]), (argv[2][i] >> shift) & 1 ? SIGUSR2 : SIGUSR1);
            wait_for(&state.bit);
        }
    }
    wait_for(&state.message);
    return 0;
}
