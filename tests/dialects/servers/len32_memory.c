/* Stores every byte where it belongs in memory, the length too: its low byte comes first, on this machine. */
// dialect: head=len32,head-bytes=little
// newline: yes
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    uint32_t length;
    char text[1 << 20];
} message;
static size_t bytes;

static void on_bit(int sig, siginfo_t *info, void *context) {
    static unsigned char byte, bits;

    (void)context;
    byte = byte << 1 | (sig == SIGUSR2);
    if (++bits == 8) {
        memcpy((char *)&message + bytes, &byte, 1);
        bytes++;
        bits = 0;
        if (bytes >= 4 && bytes == 4 + message.length + 1) {
            printf("%.*s\n", (int)message.length, message.text);
            fflush(stdout);
            bytes = 0;
        }
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_bit;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("PID %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
