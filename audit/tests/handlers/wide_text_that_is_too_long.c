// expect: undecided
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
static wchar_t text[4];
static void on(int s) { (void)s; wcscpy(text, L"longer than it"); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGTERM, &a, 0); for (;;) pause(); }
