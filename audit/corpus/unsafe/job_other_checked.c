// truth: unsafe: the handler looks whether one pointer is null, and goes through the other, which is null between jobs
#include "corpus.h"
struct job { volatile sig_atomic_t stop_wanted; };
static struct job jobs[4];
static struct job *volatile current, *volatile next;
static void on_int(int sig) { if (current) next->stop_wanted = sig; }
int main(void) {
    INSTALL(SIGINT, on_int);
    for (int i = 0; i < 3; i++) { current = &jobs[i]; next = &jobs[i + 1]; raise(SIGINT); next = 0; current = 0; }
    return jobs[3].stop_wanted != SIGINT;
}
