// expect: fail
#include <signal.h>
#include <string.h>
#include <unistd.h>
static void on(int s) {
    struct sigaction action;
    write(2, "x", 1);
    sigemptyset(&action.sa_mask);
    action.sa_flags = 0;
    action.sa_handler = on;
    {
        void *to = &action;
        unsigned long count = 1;
        __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(0) : "memory");
    }
    sigaction(s, &action, 0);
    raise(s);
}
int main(void) {
    signal(SIGSEGV, on);
    for (;;) pause();
}
