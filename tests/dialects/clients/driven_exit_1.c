/* Its handler sends the next bit at each SIGUSR1 and never looks for the end of the text; SIGUSR2 ends it, with exit(1). */
// dialect: final=other
// bytes: 200
// auto: yes, plain; what stands behind the text of the second one shows that it has not failed
// exits: 1
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static pid_t g_server;

static void send_bit(char *text) {
    static char *c;
    static int bit;

    if (text)
        c = text;
    kill(g_server, *c >> (7 - bit) & 1 ? SIGUSR2 : SIGUSR1);
    bit = (bit + 1) % 8;
    if (bit == 0)
        c++;
}

static void on_answer(int sig, siginfo_t *info, void *context) {
    (void)context;
    if (info->si_pid != g_server)
        return;
    if (sig == SIGUSR2) {
        write(1, "Message sent\n", 13);
        exit(1);
    }
    send_bit(NULL);
}

int main(int argc, char **argv) {
    struct sigaction action;

    if (argc != 3)
        return 1;
    g_server = atoi(argv[1]);
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = on_answer;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    send_bit(argv[2]);
    while (1)
        pause();
}
