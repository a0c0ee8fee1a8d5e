/* An int with the size of the string and its NUL, then the string, all from the least significant bit. The size is all that
 * it goes by. */
// dialect: order=lsb,head=len32,counts-end=yes
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int size;
static char *string;

static int take_size(int bit) {
    static int i;

    size |= bit << i++;
    if (i < 32)
        return 0;
    i = 0;
    string = calloc(size, sizeof(char));
    return 1;
}

static int take_char(int bit) {
    static int i;

    string[i / 8] |= bit << (i % 8);
    i++;
    if (i < size * 8)
        return 0;
    i = 0;
    printf("%s\n", string);
    fflush(stdout);
    free(string);
    string = NULL;
    size = 0;
    return 1;
}

static void handler(int sig, siginfo_t *info, void *context) {
    static int in_text;

    (void)context;
    if (!in_text)
        in_text = take_size(sig == SIGUSR2);
    else
        in_text = !take_char(sig == SIGUSR2);
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction sa;

    sa.sa_sigaction = handler;
    sa.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    while (1)
        usleep(100000);
}
