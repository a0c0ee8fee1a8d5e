// expect: pass
#include <signal.h>
#include <unistd.h>
struct server {
    char log[64];
    volatile sig_atomic_t stops, loading, wakes;
    pid_t pid;
};
static struct server server = {"/dev/null", 0, 0, 0, 0};
static void on(int s) {
    (void)s;
    server.stops = 1;
    server.wakes = 1;
}
int main(void) {
    signal(SIGTERM, on);
    while (!server.stops) pause();
    return !server.wakes;
}
