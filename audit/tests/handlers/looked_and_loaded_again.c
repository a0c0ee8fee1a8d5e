// expect: open
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
struct job { volatile sig_atomic_t stop_wanted; pid_t pid; };
static struct job jobs[4];
static struct job *volatile current;
static void on_int(int sig) { if (current) current->stop_wanted = sig; }
int main(void) {
    signal(SIGINT, on_int);
    raise(SIGINT);
    for (int i = 0; i < 4; i++) { current = &jobs[i]; raise(SIGINT); current = 0; }
    return jobs[3].stop_wanted != SIGINT;
}
