// expect: undecided
// The program calls the handler too: a signal between the question for the index and the store makes that one go beyond.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#define MOST 32
static volatile sig_atomic_t seen[MOST];
static volatile sig_atomic_t count;
static void handler(int s) { if (count < MOST) seen[count++] = s; }
int main(void) {
    signal(SIGUSR1, handler);
    for (;;) {
        handler(0);
        pause();
        printf("%d\n", (int)count);
    }
}
