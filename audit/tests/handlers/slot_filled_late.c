// expect: undecided
// The program raises the head of a ring before it fills the slot that the handler takes.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdatomic.h>

static struct {
    atomic_long from, to;
} slots[8];
static atomic_uint head, tail;
static atomic_long sum;

static void handler(int sig)
{
    unsigned at = atomic_load(&tail);
    (void)sig;
    if (at == atomic_load(&head))
        return;
    atomic_fetch_add(&sum, atomic_load(&slots[at & 7].from) - atomic_load(&slots[at & 7].to));
    atomic_store(&tail, at + 1);
}

__attribute__((noinline)) static void put(long from, long to)
{
    unsigned at = atomic_fetch_add(&head, 1);
    atomic_store(&slots[at & 7].from, from);
    atomic_store(&slots[at & 7].to, to);
}

int main(int count, char **names)
{
    (void)names;
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) {
        put(count, count + 1);
        pause();
    }
}
