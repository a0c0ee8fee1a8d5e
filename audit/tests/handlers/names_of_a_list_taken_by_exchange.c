// expect: open
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
struct node { char *_Atomic name; struct node *_Atomic next; };
static struct node *_Atomic head;
static void on(int s) {
    int saved = errno;
    (void)s;
    for (struct node *p = head; p; p = p->next) {
        char *name = atomic_exchange(&p->name, 0);
        struct stat is;
        if (!name || stat(name, &is) != 0) continue;
        unlink(name);
        atomic_exchange(&p->name, name);
    }
    errno = saved;
}
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        struct node *new = malloc(sizeof *new);
        if (!new) return 1;
        new->name = argv[i];
        new->next = head;
        head = new;
    }
    signal(SIGUSR1, on);
    return pause();
}
