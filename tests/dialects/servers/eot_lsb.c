/* Least significant bit first, up to EOT. Takes whoever signals next for the client: two at once come out mixed. */
// dialect: order=lsb,end=eot
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *text;
static size_t size;

static void add(unsigned char c) {
    if (c == 4) {
        fwrite(text, 1, size, stdout);
        fflush(stdout);
        free(text);
        text = NULL;
        size = 0;
        return;
    }
    text = realloc(text, size + 1);
    text[size++] = c;
}

static void on_signal(int sig, siginfo_t *info, void *context) {
    static int c, mask = 1;

    (void)context;
    if (sig == SIGUSR2)
        c += mask;
    mask *= 2;
    if (mask == 256) {
        add(c);
        c = 0;
        mask = 1;
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction action = {0};

    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("pid: %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
