// expect: pass
// The program asks a function for the word, and has another one store it, changed, while the signal is blocked.
#include <signal.h>
#include <stdio.h>
static volatile unsigned flags;
__attribute__((noinline)) static unsigned get(void) { return flags; }
__attribute__((noinline)) static void set(unsigned value) { flags = value; }
static void handler(int s) { flags |= 1u << (s & 31); }
int main(int count, char **texts) {
    struct sigaction action = {.sa_handler = handler};
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaction(SIGUSR1, &action, 0);
    for (;;) {
        sigprocmask(SIG_BLOCK, &blocked, &before);
        set(get() & ~(unsigned)count);
        sigprocmask(SIG_SETMASK, &before, 0);
        puts(texts[0]);
    }
}
