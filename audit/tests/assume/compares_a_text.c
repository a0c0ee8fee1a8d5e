// assume: valid:name
// expect: undecided
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
char *name;
static volatile sig_atomic_t is_equal;
static void on(int s) { (void)s; is_equal = strcmp(name, "a text that is longer than what it points to") == 0; }
int main(int argc, char **argv)
{
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    name = malloc(argc * 64);
    if (argc > 2)
        name[0] = argv[1][0];
    sigaction(SIGUSR1, &a, 0);
    for (;;)
        pause();
}
