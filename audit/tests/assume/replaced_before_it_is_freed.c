// assume: valid:word
// expect: pass
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static long *volatile word;
static void on(int s) { *word = s; }
int main(void)
{
    struct sigaction a;
    word = malloc(sizeof *word);
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    sigaction(SIGUSR1, &a, 0);
    for (;;) {
        long *old = word;
        pause();
        word = malloc(sizeof *word);
        free(old);
    }
}
