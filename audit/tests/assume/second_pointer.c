// assume: valid:list
// expect: undecided
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct list { long is_set; struct list *next; } *list;
static void on(int s) { (void)s; list->next->is_set = 1; }
int main(int argc, char **argv)
{
    struct sigaction a;
    (void)argv;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    a.sa_flags = 0;
    list = calloc(argc, sizeof *list);
    list->next = list;
    sigaction(SIGUSR1, &a, 0);
    sigaction(SIGUSR2, &a, 0);
    for (;;) {
        pause();

    }
}
