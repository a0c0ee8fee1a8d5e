// assume: valid:name
// expect: pass
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
wchar_t *name;
static volatile sig_atomic_t found;
static void on(int s) { (void)s; found = wmemchr(name, L'x', 16) != 0; }
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
