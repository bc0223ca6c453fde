// The yardstick for starting: a program that does nothing, with every library that ucaas-sync brings along.
int main() {}
