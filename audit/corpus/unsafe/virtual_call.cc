// truth: unsafe: a virtual call through a global pointer; one of the classes prints
#include <csignal>
#include <cstdio>
#include <unistd.h>
struct Sink { virtual void put(int) = 0; virtual ~Sink() {} };
struct Quiet : Sink { void put(int) override {} };
struct Loud : Sink { void put(int s) override { std::printf("%d\n", s); } };
static Quiet quiet; static Loud loud; static Sink *sink = &quiet;
static void on_signal(int s) { sink->put(s); }
int main(int argc, char **) { if (argc > 1) sink = &loud; std::signal(SIGUSR1, on_signal); for (;;) pause(); }
