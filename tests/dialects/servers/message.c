/* Sends one signal for a whole message, when it is printed. */
// dialect: ack=message
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *data;
    size_t length;
    size_t capacity;
} string_t;

static string_t message;

static void push(char c) {
    if (message.length == message.capacity) {
        message.capacity = message.capacity ? message.capacity * 2 : 16;
        message.data = realloc(message.data, message.capacity);
        if (message.data == NULL)
            _exit(1);
    }
    message.data[message.length++] = c;
}

static void on_bit(int sig, siginfo_t *info, void *context) {
    static unsigned char byte;
    static int bits;

    (void)context;
    byte = byte << 1 | (sig == SIGUSR2);
    if (++bits < 8)
        return;
    push(byte);
    if (byte == 0) {
        fputs(message.data, stdout);
        fflush(stdout);
        message.length = 0;
        kill(info->si_pid, SIGUSR1);
    }
    bits = byte = 0;
}

int main(void) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_bit;
    action.sa_flags = SA_SIGINFO;
    sigfillset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("Server on, PID: %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
