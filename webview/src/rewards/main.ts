/** The page of the reward stepper. */
import { connectPage } from '../host/connectPage.ts';
import { RewardsPage } from './rewardsPage.ts';
import './rewards.css';

const connection = connectPage((message) => {
  page.receive(message);
});
const page = new RewardsPage(connection);
document.body.append(page.root);
connection.announceReady();
