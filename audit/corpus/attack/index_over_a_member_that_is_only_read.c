// truth: unsafe: the table has eight entries; SIGUSR1 and SIGUSR2 overwrite the members behind it, which the program only reads
#include "corpus.h"
static struct {
    volatile int seen[8], stop, debug, quiet, depth;
    char room[1024];
} all;
static void handler(int sig) { all.seen[sig] = 1; }
int main(void)
{
    INSTALL(SIGUSR1, handler);
    INSTALL(SIGUSR2, handler);
#ifdef PROVE
    raise(SIGUSR1);
    raise(SIGUSR2);
    printf(all.debug || all.quiet || all.depth || all.stop ? "bad\n" : "good\n");
    return 0;
#endif
    while (!all.stop && !all.debug && !all.quiet && !all.depth && read(0, all.room, sizeof all.room) >= 0)
        pause();
    return all.seen[0];
}
