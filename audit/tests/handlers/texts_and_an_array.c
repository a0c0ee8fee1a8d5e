// expect: open
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>
static char version[] = "5.5.62";
static volatile int crashed;
static void say(const char *s) {
    size_t n = 0;
    while (n < 256 && s[n]) n++;
    write(2, s, n);
}
static void say_two(int v, const char *end) {
    char text[3] = {(char)('0' + v / 10 % 10), (char)('0' + v % 10), 0};
    say(text);
    say(end);
}
static void on(int s) {
    if (crashed) {
        say("crashed again\n");
        _exit(1);
    }
    crashed = 1;
    say_two((int)(time(NULL) % 60), ":");
    say_two(s, " is the signal\n");
    say(version);
    _exit(0);
}
int main(void) {
    signal(SIGSEGV, on);
    signal(SIGILL, on);
    return pause();
}
