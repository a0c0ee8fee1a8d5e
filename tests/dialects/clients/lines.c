/* Sends each line as a message of its own, all from one process, and sleeps on a semaphore that the handler posts. */
// dialect: classic
// auto: yes, each line ends with a NUL
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sem_t g_taken;

static void taken(int sig) {
    (void)sig;
    sem_post(&g_taken);
}

static void send_char(pid_t pid, char c) {
    for (int i = 7; i >= 0; i--) {
        kill(pid, (c >> i) & 1 ? SIGUSR2 : SIGUSR1);
        while (sem_wait(&g_taken) != 0)
            ;
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    sem_init(&g_taken, 0, 0);
    signal(SIGUSR1, taken);
    pid_t pid = atoi(argv[1]);
    char *line = argv[2];
    do {
        size_t length = strcspn(line, "\n");
        length += line[length] == '\n';
        for (size_t i = 0; i < length; i++)
            send_char(pid, line[i]);
        send_char(pid, '\0');
        line += length;
    } while (*line != '\0');
    return 0;
}
