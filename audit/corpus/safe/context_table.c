// truth: safe: pairs of function and context in a constant table: the one that stores has a counter, the one that writes has a constant text
#include "corpus.h"
#include <stdatomic.h>
static atomic_int hangups;
static void count(void *context) { atomic_fetch_add((atomic_int *)context, 1); }
static void say(void *context) {
    int saved = errno;
    write(2, context, 8);
    errno = saved;
}
static const struct { void (*call)(void *); void *context; } table[] = {{count, &hangups}, {say, (void *)"dumping\n"}};
static void on_signal(int sig) { table[sig == SIGUSR1].call(table[sig == SIGUSR1].context); }
int main(void) {
    INSTALL(SIGHUP, on_signal);
    INSTALL(SIGUSR1, on_signal);
    raise(SIGHUP);
    raise(SIGUSR1);
    return atomic_load(&hangups) != 1;
}
