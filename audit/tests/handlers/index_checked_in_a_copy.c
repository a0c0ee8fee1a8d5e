// expect: pass
#include <signal.h>
#include <unistd.h>
static volatile int quit, reload;
static void on_term(void) { quit = 1; }
static void on_hup(void) { reload = 1; }
static void (*const actions[16])(void) = {[SIGHUP] = on_hup, [SIGTERM] = on_term};
static void on(int s) {
    if (s < 1 || s > 15) return;
    void (*action)(void) = actions[s];
    if (action) action();
}
int main(void) { signal(SIGHUP, on); signal(SIGTERM, on); for (;;) pause(); }
