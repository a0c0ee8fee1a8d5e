// expect: fail
// The program stores at the head of its loop what it loaded at the end of the round before, so that the handler's bit is lost.
#include <signal.h>
#include <stdio.h>
static volatile unsigned flags;
static void handler(int s) { flags |= 1u << s; }
int main(int count, char **texts) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    unsigned held = 0;
    for (;;) {
        flags = held | (unsigned)count;
        held = flags;
        puts(texts[0]);
    }
}
