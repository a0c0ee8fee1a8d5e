// expect: pass
#include <signal.h>
#include <string.h>
#include <unistd.h>
static void on(int s) {
    struct sigaction action;
    write(2, "x", 1);
    {
        void *to = &action;
        unsigned long count = sizeof action / 4;
        __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(0) : "memory");
    }
    sigaction(s, &action, 0);
    raise(s);
}
int main(void) {
    signal(SIGSEGV, on);
    for (;;) pause();
}
