/* Takes SIGUSR1 for 1, and grows a string with malloc() in the handler, as long as nothing else allocates. */
// dialect: one=usr1
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *append(char *old, char c) {
    size_t length = old ? strlen(old) : 0;
    char *new = malloc(length + 2);

    if (new == NULL)
        exit(1);
    if (old)
        memcpy(new, old, length);
    new[length] = c;
    new[length + 1] = '\0';
    free(old);
    return new;
}

static void handler(int sig, siginfo_t *info, void *context) {
    static char *message;
    static int count, c;

    (void)context;
    c <<= 1;
    if (sig == SIGUSR1)
        c++;
    if (++count == 8) {
        if (c == 0) {
            printf("%s\n", message ? message : "");
            fflush(stdout);
            free(message);
            message = NULL;
        } else
            message = append(message, (char)c);
        count = 0;
        c = 0;
    }
    usleep(10);
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction act;

    act.sa_sigaction = handler;
    act.sa_flags = SA_SIGINFO;
    sigemptyset(&act.sa_mask);
    sigaction(SIGUSR1, &act, NULL);
    sigaction(SIGUSR2, &act, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
