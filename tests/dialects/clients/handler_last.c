/* Installs its handler when all bits are sent, takes a nap, and waits in a loop for the word that the text is there. */
// dialect: ack=message,pace=300
// auto: learned, the first of its program handles no signal when its text is written, and is acknowledged late
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void on_word(int sig) {
    (void)sig;
    write(1, "Taken\n", 6);
    exit(0);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    for (char *c = argv[2];; c++) {
        for (int i = 7; i >= 0; i--) {
            kill(atoi(argv[1]), *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            usleep(300);
        }
        if (*c == '\0')
            break;
    }
    usleep(20000);
    signal(SIGUSR1, on_word);
    while (1)
        usleep(1000);
}
