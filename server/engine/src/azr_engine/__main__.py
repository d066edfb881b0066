from azr_engine.command import main

main()
