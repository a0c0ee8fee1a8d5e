// expect: undecided
// The program sorts a table of which the handler reads an entry.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    volatile int low, high;
} ports[2];
static volatile sig_atomic_t found;

static int by_low(const void *a, const void *b)
{
    return *(const int *)a < *(const int *)b ? -1 : 1;
}

static void handler(int sig)
{
    found = ports[0].low < sig && ports[0].high > sig;
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) {
        pause();
        qsort((void *)ports, 2, sizeof *ports, by_low);
    }
}
