/* signal(), so that one handler may interrupt the other, and no acknowledgement: fit for clients that take their time. */
// dialect: order=lsb,ack=none,pace=300
// bytes: 200
// lossy: yes
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void handle(int sig) {
    static int i;
    static int c;

    c += (sig == SIGUSR2) << i++;
    if (i < 8)
        return;
    putchar(c == 0 ? '\n' : c);
    fflush(stdout);
    i = 0;
    c = 0;
}

int main(void) {
    signal(SIGUSR1, handle);
    signal(SIGUSR2, handle);
    printf("pid = %d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
