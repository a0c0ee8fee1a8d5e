// expect: pass
// Program and handler take from one list, and nobody puts back.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdatomic.h>

static atomic_int next_of[8];
static atomic_int top = 1;

/* One attempt each, so that there is no loop to be judged. */
__attribute__((noinline)) static int take(void)
{
    int first = atomic_load(&top);
    int next = atomic_load(&next_of[first & 7]);
    return atomic_compare_exchange_strong(&top, &first, next) ? first : 0;
}

static void handler(int sig)
{
    (void)sig;
    take();
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) {
        take();
        pause();
    }
}
