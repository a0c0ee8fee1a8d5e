// expect: fail
// The program asks a function for the word, and has another one store it, changed: what the handler adds between is lost.
#include <signal.h>
#include <stdio.h>
static volatile unsigned flags;
static unsigned get(void);
static void set(unsigned value);
static void handler(int s) { flags |= 1u << (s & 31); }
int main(int count, char **texts) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) {
        set(get() & ~(unsigned)count);
        puts(texts[0]);
    }
}
__attribute__((noinline)) static unsigned get(void) { return flags; }
__attribute__((noinline)) static void set(unsigned value) { flags = value; }
