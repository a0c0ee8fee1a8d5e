// truth: unsafe: the handler looks whether the pointer is null, sets it to null, and goes through it again
// expect: fail
#include "corpus.h"
struct job { volatile sig_atomic_t stop_wanted, count; };
static struct job jobs[4];
static struct job *volatile current;
static void on_int(int sig) {
    if (current) {
        current->stop_wanted = sig;
        current = 0;
        current->count = 1;
    }
}
int main(int argc, char **argv) {
    (void)argv;
    INSTALL(SIGINT, on_int);
    if (argc > 1) raise(SIGINT);
    for (int i = 0; i < 4; i++) { current = &jobs[i]; if (argc > 1) raise(SIGINT); current = 0; }
    return 0;
}
