// expect: fail
// An object, chosen by a flag, whose table of functions the loader makes read-only, as of C++: one of them prints by stdio.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
struct object;
struct methods { void (*go)(const struct object *); };
struct object { const struct methods *methods; };
static volatile sig_atomic_t flag;
static void one(const struct object *o) { (void)o; flag = 1; }
static void two(const struct object *o) { (void)o; puts("two"); }
static const struct methods first_methods = {one}, second_methods = {two};
static const struct object first = {&first_methods}, second = {&second_methods};
static const struct object *const all[2] = {&first, &second};
static void handler(int s) {
    (void)s;
    const struct object *chosen = all[flag & 1];
    chosen->methods->go(chosen);
}
int main(void) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) pause();
}
