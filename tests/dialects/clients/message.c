/* Sends at a pace of 350 us, then sleeps until the server confirms the whole: the handler itself thanks and exits. */
// dialect: ack=message,pace=350
// auto: yes, it goes on without an answer, and stays when it has sent the NUL
// bytes: 100
// lossy: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void confirmed(int sig) {
    (void)sig;
    printf("Message received, thanks!\n");
    exit(EXIT_SUCCESS);
}

static void send_char(int pid, char c) {
    int bit;

    for (bit = 0; bit < 8; bit++) {
        if (c & (0x80 >> bit))
            kill(pid, SIGUSR2);
        else
            kill(pid, SIGUSR1);
        usleep(350);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        printf("usage: ./client [PID] [message]\n");
        return EXIT_FAILURE;
    }
    signal(SIGUSR1, confirmed);
    signal(SIGUSR2, confirmed);
    int pid = atoi(argv[1]);
    for (int i = 0; argv[2][i]; i++)
        send_char(pid, argv[2][i]);
    send_char(pid, '\0');
    while (1)
        pause();
}
