"""First names by the pronoun that goes with them, and which of them are words or places too.

From general knowledge of names in English-speaking countries. A name of `EITHER` says nothing of its bearer.
"""

HE = frozenset(
    """Aaron Adam Adrian Ahmed Aidan Alan Albert Alberto Alejandro Alfred Ali Alvin Amir Andre Andrew Andy Anthony Antonio
    Archie Arjun Arnold Arthur Barney Barry Bart Ben Benjamin Bennett Benny Bernard Bernie Bert Billy Bob Bobby Boris Brad
    Bradley Brady Brandon Brendan Brent Brett Brian Bruce Bruno Bryan Bryce Caleb Calvin Carl Carlos Cedric Cesar Chad
    Charles Chester Christopher Clarence Claude Clayton Clifford Clint Clyde Colin Connor Conrad Corey Craig Curtis Cyrus
    Damian Damien Damon Dan Daniel Danny Dante Daren Darius Darrell Darren Darryl Dave David Dennis Derek Derrick Desmond
    Devin Dexter Diego Dmitri Dominic Don Donald Donny Doug Douglas Duane Duncan Dustin Dwayne Dwight Dylan Eddie Edgar
    Edmund Eduardo Edward Edwin Eli Elias Elijah Elliot Elmer Emilio Enrique Eric Erik Ernest Ernie Ethan Eugene Evan Fabian
    Felipe Felix Fernando Francisco Fred Freddie Freddy Frederick Gabriel Garrett Gary Gavin Geoffrey George Gerald Gerard
    Gilbert Gordon Greg Gregory Gus Hank Hans Harold Harry Harvey Hector Henry Herbert Herman Howard Hugh Hugo Ian Igor Irving
    Isaac Isaiah Ivan Jacob Jaime Jake Jamal James Jared Jason Javier Jeff Jeffrey Jeremiah Jeremy Jermaine Jerome Jerry
    Jim Jimmy Joe Joel Joey John Johnny Jon Jonah Jonathan Jorge Jose Joseph Josh Joshua Josiah Juan Julian Julio Julius
    Justin Karl Keith Ken Kenneth Kenny Kevin Kurt Kyle Lamar Larry Lawrence Leo Leon Leonard Leroy Lewis Liam Lionel Lloyd
    Lorenzo Louie Louis Luca Lucas Luis Luke Malcolm Manuel Marcel Marco Marcus Mario Marlon Marshall Martin Marvin Mateo
    Matt Matthew Maurice Maxwell Melvin Michael Miguel Mike Mitchell Mohamed Mohammed Moses Nate Nathan Nathaniel Ned Neil
    Nelson Nicholas Nick Nicolas Noah Norman Oliver Omar Oscar Otto Owen Pablo Patrick Paul Pedro Percy Perry Pete Peter Phil
    Philip Phillip Preston Rafael Rahul Ralph Ramon Randall Randy Raul Raymond Reggie Reginald Rex Ricardo Richard Rick Ricky
    Rob Robbie Robert Roberto Rodney Roger Roland Roman Ron Ronald Ronnie Ross Roy Ruben Rudy Rupert Russell Ryan Salvador
    Samuel Scott Sean Sebastian Sergio Seth Shane Shaun Shawn Sheldon Sid Sidney Simon Solomon Spencer Stan Stanley Stefan
    Stephen Steve Steven Stewart Stuart Ted Teddy Terrence Theo Theodore Thomas Tim Timmy Timothy Toby Todd Tom Tomas Tommy
    Tony Travis Trent Trevor Tristan Troy Tyler Tyrone Tyson Vernon Victor Vince Vincent Vinny Virgil Wade Wallace Walter
    Warren Wayne Wesley Wilbur William Willie Winston Xavier Zach Zachary Zack Carlo Darnell Darrel Trey Gunther Keanu Ernesto
    Gustavo Hiroshi Ibrahim Jayden Jed Kareem Lance Levi Lou Luther Mack Micah Mitch Olaf Quentin Remy Rohan Samson Tariq
    Tobias Zane Alonzo Clark Dale Davis Eddy Freddie Gerry Herb Jamar Johann Kent Lars Lyle Manny Milo Morris Murray Nigel
    Ollie Oswald Pierre Quincy Raj Rocco Rolf Sanjay Stevie Thaddeus Vijay Wally Yusuf Alexander Bryant Christian Jesse Jude
    Marion Emmanuel Emanuel Ezekiel Ezra Gideon Ignacio Josef Jerald Kristof Laurence Lyndon Nikolai Pavel Roderick Santiago
    Harrison Jefferson Maximilian Maximus Mohammad Everett Elliott Finn Gareth Graham""".split()
)

SHE = frozenset(
    """Abby Abigail Adele Adriana Agnes Aisha Alana Alexa Alexandra Alexis Alice Alicia Alina Alison Allison Alma Alyssa Amanda
    Amelia Amina Amy Ana Anastasia Andrea Angela Angelica Angelina Angie Anita Ann Anna Annabelle Anne Annette Annie Antonia
    Ariana Ariel Ashley Audrey Aurora Ava Barbara Beatrice Becca Becky Belinda Bella Bernice Bertha Bessie Beth Bethany Betsy
    Betty Beverly Bianca Bonnie Brenda Brianna Bridget Brittany Brooklyn Camila Camille Candace Candice Cara Carla Carly Carmen
    Carol Carolina Caroline Carolyn Carrie Cassandra Catherine Cathy Cecilia Celeste Celia Celine Charlene Charlotte Cheryl
    Chloe Christina Christine Cindy Claire Clara Clarissa Claudia Colleen Connie Constance Cora Courtney Cynthia Daniela
    Danielle Daphne Daria Deanna Debbie Deborah Debra Deena Delia Delilah Denise Diana Diane Dina Dolores Donna Dora Doris
    Dorothy Edith Eileen Elaine Eleanor Elena Elisa Elise Eliza Elizabeth Ella Ellen Ellie Eloise Elsa Elsie Emily Emma Erica
    Erika Erin Esmeralda Estelle Esther Ethel Eugenia Eva Evelyn Fatima Felicia Fiona Frances Francesca Francine Gabriela
    Gabriella Gabrielle Gail Genevieve Georgina Geraldine Gertrude Gina Giselle Gladys Gloria Greta Gretchen Gwen Haley Hanna
    Hannah Harriet Heather Heidi Helen Helena Henrietta Hilary Hillary Ida Ingrid Irene Isabel Isabella Isabelle Jacqueline
    Jana Jane Janelle Janet Janice Janine Jasmine Jeanette Jenna Jennie Jennifer Jenny Jess Jessica Jill Joan Joanna Joanne
    Jocelyn Josephine Josie Joyce Juanita Judith Judy Julia Juliana Julie Juliet Juliette Kaitlyn Kara Karen Karina Karla Kate
    Katelyn Katherine Kathleen Kathryn Kathy Katie Katrina Katy Kayla Kaylee Keisha Kelsey Kendra Kiara Kimberly Kristen Kristin
    Kristina Kristine Krystal Kylie Lana Lara Larissa Latoya Laura Lauren Layla Leah Leila Lena Leona Leticia Lila Lillian
    Linda Lindsay Lindsey Lisa Liz Liza Lizzy Lois Lola Loretta Lori Lorraine Louisa Louise Lucia Lucille Lucinda Lucy Lulu
    Lydia Lynn Mabel Maddie Madeline Madelyn Maggie Mandy Marcella Marcia Marcy Margaret Margarita Margie Maria Mariah Mariana
    Marianne Marie Marilyn Marina Marissa Marjorie Marla Marlene Marsha Marta Martha Mary Matilda Maureen Maya Megan Meghan
    Melanie Melinda Melissa Mercedes Meredith Mia Michelle Mildred Millie Mindy Miranda Miriam Missy Molly Mona Monica Monique
    Muriel Myra Nadia Nadine Nancy Naomi Natalia Natalie Natasha Nellie Nelly Nichole Nicole Nina Noelle Nora Norma Octavia
    Olga Olivia Ophelia Paige Pam Pamela Patricia Patsy Patty Paula Paulina Pauline Peggy Phoebe Phyllis Polly Priscilla
    Rachael Rachel Ramona Rebecca Regina Rhoda Rhonda Rita Roberta Rosa Rosalie Rosanna Rosemary Rosie Roxanne Ruth Sabrina
    Sadie Sally Samantha Sandra Sara Sarah Sasha Selena Selina Serena Shannon Sharon Sheila Shelby Sherry Shirley Silvia Sonia
    Sonya Sophia Sophie Stacey Stacy Stella Stephanie Susan Susanna Susie Suzanne Suzy Sylvia Tabitha Tamara Tammy Tania Tanya
    Tara Tasha Teresa Tessa Thelma Theresa Tina Tonya Tracey Trina Trisha Trudy Ursula Valentina Valeria Valerie Vanessa Vera
    Veronica Vicky Viola Vivian Wanda Wendy Whitney Wilma Winifred Yasmin Yolanda Yvette Yvonne Zoe Zoey Marcie Mara Bea
    Milly Miley Lacey Kira Kaitlin Janelle Anya Aubree Dani Darla Darlene Estella Evie Freya Jeannie Jolene Katarina Kathie
    Layla Lexie Lila Lisbeth Maddy Margo Marge Mariam Mavis Meg Mimi Mollie Nia Nikki Noor Odette Petra Pippa Priya Renee
    Sienna Soledad Tia Tricia Una Winnie Xenia Yara Yasmine Zara Zelda Allie Amelie Becca Bree Celina Cora Dottie Elaina
    Ellen Emilia Farah Gigi Hallie Imani Ivana Jada Jolie Julissa Kali Katya Kendall Leanne Lilian Lorena Luz Macy Maisie
    Makayla Malia Mila Nadja Nyla Rosalind Roxy Sheryl Simone Skye Sondra Tamika Tatiana Tonia Trish Verna Yesenia""".split()
)

EITHER = frozenset(
    """Alex Andi Ash Avery Bailey Blair Cameron Carey Casey Charlie Chris Cory Dakota Dana Drew Emerson Emery Finley Frankie Harley
    Harper Hayden Jackie Jaden Jamie Jan Jayme Jessie Jody Jules Kelly Kerry Kim Kris Lane Lee Leslie Logan Loren Marley Max Morgan
    Noel Parker Pat Payton Peyton Phoenix Quinn Rene Riley River Robin Rory Rowan Sam Sammy Sandy Sage Shay Skyler Skylar Sydney
    Stevie Taylor Terry Tracy Val Jean Jordan Reese Kit Billie Bobbie Carson Carter Ricki Remi Tory Angel""".split()
)

DOUBTFUL_HE = frozenset(
    """Art Austin Bill Blake Bruno Buck Chase Chuck Clay Cliff Cole Cooper Dallas Dean Denver Earl Ed Frank Gene Glen Grant Guy
    Hunter Jack Jackson Jay Ken Lincoln Mark Marshall Mason Miles Orlando Pierce Ray Rich Rob Rocky Rod Rusty Skip Tanner Tucker
    Tyson Victor Wade Will Woody Kent Colt Ford Hudson Hal Al Nick Sonny Trey Kingston Carl Jesus Santos""".split()
)

DOUBTFUL_SHE = frozenset(
    """Amber April Asia Autumn Brandy Brooke Carol Charity Chelsea Crystal Daisy Dawn Destiny Dolly Eve Faith Fern Flora Florence
    Georgia Ginger Grace Harmony Hazel Heather Holly Honey Hope Iris Ivy Jade Joy June Lily Lily Luna Madison Marina May Melody
    Mercy Misty Myrtle Olive Paris Pearl Penny Poppy Rose Ruby Savannah Sierra Star Sue Summer Tiffany Trinity Victoria Violet
    Virginia Willow Honor Angelica Mercedes Ariel Constance Viola Aurora Regina Carmen Lourdes Delia Dixie Robyn""".split()
)
"""Names that are words, months, places or brands too: a person only where the sentence makes it act."""
