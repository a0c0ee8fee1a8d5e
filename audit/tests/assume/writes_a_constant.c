// assume: valid:text
// expect: fail
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
char *text = (char *)"a text of its own";
static void on(int s) { (void)s; *text = 'x'; }
int main(int argc, char **argv)
{
    struct sigaction a;
    (void)argv;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    a.sa_flags = 0;
    if (argc > 3)
        text = malloc(argc);
    sigaction(SIGUSR1, &a, 0);
    sigaction(SIGUSR2, &a, 0);
    for (;;) {
        pause();

    }
}
