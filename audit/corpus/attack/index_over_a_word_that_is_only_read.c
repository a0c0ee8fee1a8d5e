// truth: unsafe: the table has eight entries; SIGUSR1 and SIGUSR2 overwrite words behind it, which the program only reads
#include "corpus.h"
static volatile int seen[8], stop, debug, quiet, depth, level, color;
static char room[1024];
static void handler(int sig) { seen[sig] = 1; }
int main(void)
{
    INSTALL(SIGUSR1, handler);
    INSTALL(SIGUSR2, handler);
#ifdef PROVE
    raise(SIGUSR1);
    raise(SIGUSR2);
    printf(stop || debug || quiet || depth || level || color ? "bad\n" : "good\n");
    return 0;
#endif
    while (!stop && !debug && !quiet && !depth && !level && !color && read(0, room, sizeof room) >= 0)
        pause();
    return seen[0];
}
