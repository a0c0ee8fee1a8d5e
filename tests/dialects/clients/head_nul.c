/* Length, NUL, text, NUL: the function that sends a number ends like the one that sends a string. */
// dialect: head=len32,head-nul=yes
// auto: yes, what comes first is the length of what follows a NUL
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile sig_atomic_t g_flag = 0;

void receive(int sig, siginfo_t *info, void *context) {
    (void)context;
    (void)info;
    (void)sig;
    g_flag = 1;
}

void bit(int pid, int b) {
    g_flag = 0;
    if (b)
        kill(pid, SIGUSR2);
    else
        kill(pid, SIGUSR1);
    while (g_flag == 0)
        usleep(60);
}

void end(int pid) {
    for (int i = 0; i < 8; i++)
        bit(pid, 0);
}

void send_int(int pid, int n) {
    for (int i = 31; i >= 0; i--)
        bit(pid, n >> i & 1);
    end(pid);
}

void send_str(int pid, char *s) {
    for (; *s; s++)
        for (int i = 7; i >= 0; i--)
            bit(pid, *s >> i & 1);
    end(pid);
}

int main(int argc, char **argv) {
    struct sigaction sa;

    if (argc != 3)
        return 1;
    sa.sa_sigaction = receive;
    sa.sa_flags = SA_SIGINFO;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGUSR1, &sa, 0);
    sigaction(SIGUSR2, &sa, 0);
    send_int(atoi(argv[1]), strlen(argv[2]));
    send_str(atoi(argv[1]), argv[2]);
    return 0;
}
