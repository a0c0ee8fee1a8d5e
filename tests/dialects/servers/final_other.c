/* SIGUSR1 for each bit, and SIGUSR2 in its place when the NUL has come. */
// dialect: final=other
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *g_text;
static size_t g_length;

static int end_of_char(char c) {
    g_text = realloc(g_text, g_length + 1);
    if (!g_text)
        exit(1);
    g_text[g_length++] = c;
    if (c)
        return SIGUSR1;
    printf("%s\n", g_text);
    fflush(stdout);
    free(g_text);
    g_text = NULL;
    g_length = 0;
    return SIGUSR2;
}

static void handler(int sig, siginfo_t *info, void *context) {
    static char c;
    static int bit = 8;
    int answer = SIGUSR1;

    (void)context;
    if (sig == SIGUSR2)
        c |= 1 << (bit - 1);
    if (--bit == 0) {
        answer = end_of_char(c);
        bit = 8;
        c = 0;
    }
    kill(info->si_pid, answer);
}

int main(void) {
    struct sigaction sa;

    sa.sa_flags = SA_SIGINFO;
    sa.sa_sigaction = handler;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("PID = %d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
