// truth: unsafe: between the look and the use the handler calls what sets the pointer to null
#include "corpus.h"
struct job { volatile sig_atomic_t stop_wanted; };
static struct job jobs[4];
static struct job *volatile current;
__attribute__((noinline)) static void drop(void) { current = 0; }
static void on_int(int sig) {
    if (!current) return;
    drop();
    current->stop_wanted = sig;
}
int main(int argc, char **argv) {
    (void)argv;
    INSTALL(SIGINT, on_int);
    for (int i = 0; i < 4; i++) { current = &jobs[i]; if (argc > 1) raise(SIGINT); current = 0; }
    return 0;
}
